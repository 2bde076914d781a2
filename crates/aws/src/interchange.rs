//! States that hashicorp/aws 5.100 wrote against the emulator, with the configurations that they are of: Weir has nothing to change in them.

use serde_json::Value as Json;

use crate::harness::{differences, lab};

const STATES: &str = include_str!("../testdata/interchange.json");

#[tokio::test]
async fn states_of_the_incumbent_are_taken_as_they_are() {
    let lab = lab().await;
    let entries: Vec<Json> = serde_json::from_str(STATES).expect("JSON");
    assert!(entries.len() >= 10);
    let mut found = String::new();
    for entry in &entries {
        let type_name = entry["type"].as_str().expect("a type");
        let state = lab.config(type_name, &entry["state"]);
        let planned = lab.plan(type_name, Some(&state), &entry["config"]).await.unwrap_or_else(|faults| panic!("{type_name}: {faults:?}"));
        let changed = differences(&state, &planned.state, &[]);
        if !changed.is_empty() || !planned.requires_replace.is_empty() {
            found.push_str(&format!("{type_name} {}, replaced for {:?}:\n{changed}", entry["state"]["id"], planned.requires_replace));
        }
    }
    assert!(found.is_empty(), "{found}");
}
