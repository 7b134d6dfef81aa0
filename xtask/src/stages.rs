//! Stages with their minutes: the first that fails ends the row, the table is printed either way.

use std::time::{Duration, Instant};

/// A row of stages.
pub struct Stages {
    began: Instant,
    done: Vec<(&'static str, Duration)>,
}

impl Stages {
    /// An empty row, beginning now.
    pub fn begin() -> Self {
        Self { began: Instant::now(), done: Vec::new() }
    }

    /// Runs one stage.
    pub fn stage(
        &mut self,
        name: &'static str,
        deed: impl FnOnce() -> Result<(), String>,
    ) -> Result<(), String> {
        println!("\n== {name}");
        let began = Instant::now();
        let result = deed();
        self.done.push((name, began.elapsed()));
        result.map_err(|why| format!("stage \"{name}\" failed: {why}"))
    }

    /// The table.
    pub fn table(&self, result: &Result<(), String>) -> String {
        let mut table = String::from("\nminutes  stage\n");
        for (index, (name, took)) in self.done.iter().enumerate() {
            let failed = result.is_err() && index + 1 == self.done.len();
            table.push_str(&format!(
                "{:>7.2}  {name}{}\n",
                minutes(*took),
                if failed { "  FAILED" } else { "" }
            ));
        }
        table.push_str(&format!("{:>7.2}  in all\n", minutes(self.began.elapsed())));
        table
    }
}

fn minutes(took: Duration) -> f64 {
    took.as_secs_f64() / 60.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stage_that_failed_is_named_in_the_table_and_in_the_error() {
        let mut stages = Stages::begin();
        assert_eq!(stages.stage("one", || Ok(())), Ok(()));
        let result = stages.stage("two", || Err("it broke".into()));
        assert_eq!(result, Err("stage \"two\" failed: it broke".into()));
        let table = stages.table(&result);
        assert!(table.contains("two  FAILED") && table.contains("one\n") && table.contains("in all"));
    }
}
