//! Lets progenitor make the client from the description that `DESCRIPTION` names.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-env-changed=DESCRIPTION");
    let description = std::env::var("DESCRIPTION")?;
    println!("cargo::rerun-if-changed={description}");
    let description = serde_json::from_slice(&std::fs::read(description)?)?;
    let mut settings = progenitor::GenerationSettings::default();
    settings.with_interface(progenitor::InterfaceStyle::Builder);
    let tokens = progenitor::Generator::new(&settings).generate_tokens(&description)?;
    let code = prettyplease::unparse(&syn::parse2(tokens)?);
    let made = std::path::Path::new(&std::env::var("OUT_DIR")?).join("cairn.rs");
    Ok(std::fs::write(made, code)?)
}
