//! Lists the folders again when a file comes or goes.

fn main() {
    for folder in ["src/resource", "src/data", "src/ephemeral"] {
        println!("cargo::rerun-if-changed={folder}");
    }
}
