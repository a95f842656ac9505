import { LocationProvider, Route, Router } from "preact-iso";

import { later } from "./parts/later";
import { Nowhere } from "./views/nowhere";
import { Repository } from "./views/repository";
import { SignIn } from "./views/signin";

const Running = later(() => import("./running").then((running) => running.Running));

/** Which view a path shows. The paths themselves are made in `place.ts`, and in `running/where.ts`. */
export function App() {
  return (
    <LocationProvider>
      <Router>
        <Route path="/r/:namespace/:repo/:view?/:ref?/:path*" component={Repository} />
        <Route path="/n/:where*" component={Running} />
        <Route path="/signin" component={SignIn} />
        <Route default component={Nowhere} />
      </Router>
    </LocationProvider>
  );
}
