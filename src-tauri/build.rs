//! Reads the configuration, permissions and capabilities into the shell.
//!
//! What must stay true: a fresh clone compiles before the page was built (a placeholder stands in), and every command
//! has a hand-written permission.

use std::path::Path;

const PLACEHOLDER: &str =
    "<!doctype html><title>Daypack</title><p>The page is not built yet: cargo xtask run";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let page = Path::new("ui/dist/index.html");
    if !page.exists() {
        std::fs::create_dir_all("ui/dist")?;
        std::fs::write(page, PLACEHOLDER)?;
    }
    for path in ["src-tauri/capabilities", "src-tauri/permissions", "ui/dist", "tauri.conf.json"] {
        println!("cargo:rerun-if-changed={path}");
    }
    tauri_build::try_build(
        tauri_build::Attributes::new()
            .capabilities_path_pattern("./src-tauri/capabilities/**/*")
            .windows_attributes(
                tauri_build::WindowsAttributes::new().window_icon_path("src-tauri/icons/icon.ico"),
            )
            .app_manifest(
                tauri_build::AppManifest::new().permissions_path_pattern("./src-tauri/permissions/**/*"),
            ),
    )?;
    Ok(())
}
