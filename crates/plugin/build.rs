//! Makes Rust of the protocol definitions, without a protoc on the machine.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=proto");
    let files = protox::compile(["proto/plugin.proto", "proto/tfplugin5.proto", "proto/tfplugin6.proto"], ["proto"])?;
    // The server is what the test provider is made of.
    tonic_prost_build::configure().build_transport(false).bytes(".tfplugin6.GetProviderSchema.Response").compile_fds(files)?;
    Ok(())
}
