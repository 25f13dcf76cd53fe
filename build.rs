//! The pages are embedded: a build without them is stopped with the next step, and one with new pages is made again.

fn main() {
    println!("cargo:rerun-if-changed=web/dist");
    if !std::path::Path::new("web/dist/index.html").exists() {
        println!(
            "cargo:error=the pages are not built: run (cd web && npm ci && npm run build), or script/run which does all of it"
        );
        std::process::exit(1);
    }
}
