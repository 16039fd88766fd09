//! Bytes to values and back. No database and no HTTP in here.

pub mod columns;
pub mod decimal;
pub mod document;
pub mod expression;
