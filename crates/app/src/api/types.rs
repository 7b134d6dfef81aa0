//! From the list of commands to TypeScript.

use std::any::TypeId;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use ts_rs::{Config, TS, TypeVisitor};

/// Numbers cross as JSON numbers: sizes and times stay far below 2^53.
pub fn config() -> Config {
    Config::new().with_large_int("number")
}

/// Collects declarations, each type once.
pub struct Collector {
    config: Config,
    seen: HashSet<TypeId>,
    declarations: BTreeMap<String, String>,
}

impl Collector {
    /// Nothing collected yet.
    pub fn new() -> Self {
        Self { config: config(), seen: HashSet::new(), declarations: BTreeMap::new() }
    }

    /// Adds a type and all it is made of.
    pub fn add<T: TS + 'static + ?Sized>(&mut self) {
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        if T::output_path().is_some() {
            let docs = T::docs().unwrap_or_default();
            let declaration = format!("{docs}export {}\n", T::decl(&self.config));
            self.declarations.insert(T::ident(&self.config), declaration);
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }

    /// The whole file. `commands` holds name, doc, input type and output type.
    pub fn finish(&self, commands: &[(&str, &str, String, String)]) -> String {
        let mut out = String::from(
            "// Generated from crates/app/src/api.rs by `cargo xtask bindings`; checked in CI. Do not edit.\n\n",
        );
        for declaration in self.declarations.values() {
            out.push_str(declaration);
            out.push('\n');
        }
        out.push_str("/** Every command: its input and its output. */\nexport interface Commands {\n");
        for (name, doc, input, output) in commands {
            let _ = writeln!(out, "  /**{doc} */\n  {name}: {{ input: {input}; output: {output} }};");
        }
        out.push_str("}\n\n/** Every command's name. */\nexport const COMMANDS = [\n");
        for (name, ..) in commands {
            let _ = writeln!(out, "  \"{name}\",");
        }
        out.push_str("] as const;\n");
        out
    }
}

impl Default for Collector {
    fn default() -> Self {
        Self::new()
    }
}

impl TypeVisitor for Collector {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        self.add::<T>();
    }
}
