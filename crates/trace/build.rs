//! Sets `supported` where the tracer can run.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(supported)");
    let target = |what: &str| env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    let is_64_bit = target("POINTER_WIDTH") == "64";
    if target("OS") == "linux" && is_64_bit && ["x86_64", "aarch64"].contains(&target("ARCH").as_str()) {
        println!("cargo::rustc-cfg=supported");
    }
}
