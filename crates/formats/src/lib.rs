//! Foreign files to courses, and our own package.
