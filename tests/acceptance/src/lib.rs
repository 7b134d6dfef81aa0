//! Shared harness of the acceptance tests.
