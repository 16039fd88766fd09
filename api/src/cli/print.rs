//! `zhiqiao schema` and `zhiqiao openapi`: what outsiders rely on, as text.

use super::output;
use crate::{error::Result, graphql, rest};

/// Prints the SDL.
pub fn schema() -> Result<()> {
    output::raw(&graphql::sdl())
}

/// Prints the OpenAPI document.
pub fn openapi() -> Result<()> {
    output::raw(&rest::openapi_text())
}
