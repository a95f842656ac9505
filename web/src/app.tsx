import { LocationProvider, Route, Router } from "preact-iso";

import { Nowhere } from "./views/nowhere";
import { Repository } from "./views/repository";

/** Which view a path shows. The paths themselves are made in `place.ts`. */
export function App() {
  return (
    <LocationProvider>
      <Router>
        <Route path="/r/:namespace/:repo/:view?/:ref?/:path*" component={Repository} />
        <Route default component={Nowhere} />
      </Router>
    </LocationProvider>
  );
}
