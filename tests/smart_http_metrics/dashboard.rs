//! The dashboard of `docs/examples`. No test can import it into a Grafana. So Prometheus' own tool reads
//! the metrics and the queries, and the compiler of TypeScript compares the dashboard with Grafana's
//! published types.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::installed::installed;
use crate::support::package_root;
use crate::support::scratch::Scratch;

/// A type that maps each member to its JSON form: an enumeration's values in place of its names.
const AS_JSON: &str = "type Json<T> = T extends string ? `${T}` : T extends number ? number\n\
     : T extends (infer E)[] ? Json<E>[] : T extends object ? { [K in keyof T]: Json<T[K]> } : T;\n";

fn path() -> PathBuf {
    package_root().join("docs/examples/grafana.json")
}

/// The queries of the dashboard's panels.
pub(crate) fn queries() -> Vec<String> {
    let dashboard: Value = serde_json::from_slice(&std::fs::read(path()).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let queries: Vec<_> = targets
        .map(|target| target["expr"].as_str().unwrap().to_owned())
        .collect();
    assert!(queries.len() > 10, "{queries:?}");
    queries
}

/// Lets promtool check the metrics, and each query as a rule's expression.
pub(crate) fn judged_by_promtool(metrics: &str) {
    let Some(promtool) = part("promtool") else {
        return;
    };
    let promtool = promtool.join("promtool");
    let mut check = Command::new(&promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = check.stdin.take().unwrap();
    input.write_all(metrics.as_bytes()).unwrap();
    drop(input);
    let said = check.wait_with_output().unwrap();
    assert!(said.status.success(), "{said:?}");

    let scratch = Scratch::new();
    let rules = queries().into_iter().enumerate().map(|(number, query)| {
        json!({ "record": format!("query_{number}"), "expr": query.replace("$namespace", ".*") })
    });
    let rules: Vec<_> = rules.collect();
    let rules = json!({ "groups": [{ "name": "dashboard", "rules": rules }] });
    std::fs::write(scratch.join("rules.yml"), rules.to_string()).unwrap();
    let said = Command::new(promtool)
        .args(["check", "rules", "rules.yml"])
        .current_dir(scratch.path())
        .output()
        .unwrap();
    assert!(said.status.success(), "{said:?}");
}

#[test]
fn the_dashboard_is_of_the_types_that_grafana_publishes() {
    let Some(packages) = part("npm") else {
        return;
    };
    let dashboard = std::fs::read_to_string(path()).unwrap();
    let (good, said) = is_of_grafanas_types(&packages, &dashboard);
    assert!(good, "{said}");
    // The compiler notices a misspelled member.
    let wrong = dashboard.replacen("\"targets\"", "\"target\"", 1);
    let (good, said) = is_of_grafanas_types(&packages, &wrong);
    assert!(
        !good && said.contains("\"target\"' does not exist"),
        "{said}"
    );
}

/// Whether the compiler accepts the dashboard, and its messages.
fn is_of_grafanas_types(packages: &Path, dashboard: &str) -> (bool, String) {
    let scratch = Scratch::new();
    let modules = packages.join("node_modules");
    std::os::unix::fs::symlink(&modules, scratch.join("node_modules")).unwrap();
    let program = format!(
        "import type {{ Dashboard, Panel, RowPanel }} from \"@grafana/schema\";\n{AS_JSON}\
         type Shown = Omit<Json<Dashboard>, \"panels\"> & {{ panels: (Json<Panel> | Json<RowPanel>)[] }};\n\
         export const dashboard: Shown = {dashboard};\n"
    );
    std::fs::write(scratch.join("dashboard.ts"), program).unwrap();
    let said = Command::new(package_root().join("scripts/node"))
        .arg(modules.join("typescript/bin/tsc"))
        .args(["--noEmit", "--strict", "--skipLibCheck"])
        .args(["--module", "NodeNext", "--target", "ES2022", "dashboard.ts"])
        .current_dir(scratch.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    (said.status.success(), text)
}

fn part(name: &str) -> Option<PathBuf> {
    match installed(name) {
        Ok(folder) => Some(folder),
        Err(reason) => {
            println!("metrics: the dashboard is not judged by {name}: {reason}");
            None
        }
    }
}
