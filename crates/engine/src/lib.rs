//! What to do next: pure decision machines, no IO.
