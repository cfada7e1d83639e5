//! Keeps the window's TypeScript types equal to the types here.

use std::collections::BTreeMap;
use std::path::Path;

use ts_rs::{Config, TS, TypeVisitor};

use crate::messages::{FromWindow, ToWindow};

const HEAD: &str =
    "// Generated from src-tauri/src/{view,request,messages}.rs and crates/control. Renewed by
// SOPHON_UPDATE_TYPES=1 cargo test -p sophon-desktop --lib generated_types
";

/// Declarations by name, so that their order depends on nothing else.
#[derive(Default)]
struct Declarations {
    config: Config,
    found: BTreeMap<String, String>,
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if T::output_path().is_none() {
            return;
        }
        let name = T::ident(&self.config);
        if self.found.contains_key(&name) {
            return;
        }
        let declaration = format!("export {}\n", T::decl(&self.config));
        self.found.insert(name, declaration);
        T::visit_dependencies(self);
    }
}

#[test]
fn the_windows_types_are_those_of_the_program() {
    let mut declarations = Declarations::default();
    declarations.visit::<ToWindow>();
    declarations.visit::<FromWindow>();
    let mut wanted = String::from(HEAD);
    for declaration in declarations.found.values() {
        wanted.push('\n');
        wanted.push_str(declaration);
    }

    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/src/generated.ts");
    if std::env::var_os("SOPHON_UPDATE_TYPES").is_some() {
        std::fs::write(&file, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default().replace("\r\n", "\n");
    assert!(
        found == wanted,
        "{} is stale; renew it with: \
         SOPHON_UPDATE_TYPES=1 cargo test -p sophon-desktop --lib generated_types",
        file.display()
    );
}
