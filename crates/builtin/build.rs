//! Tells cargo which folders `list_types!` lists, so that a new file in one of them is seen.

fn main() {
    for folder in [
        "random/resource",
        "tls/resource",
        "tls/data",
        "tls/ephemeral",
        "pki/resource",
        "local/resource",
        "local/data",
        "http/data",
        "cloudinit/data",
        "null/resource",
        "null/data",
        "time/resource",
    ] {
        println!("cargo::rerun-if-changed=src/{folder}");
    }
}
