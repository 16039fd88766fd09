//! SDMX 2.1: structures as SDMX-ML, data as generic and structure-specific SDMX-ML, SDMX-CSV and SDMX-JSON.
//!
//! The seven dimensions are the same for every flow; only the list of indicators is a flow's own. Whoever has figures
//! hands them over as [`Series`]; nothing here knows where they come from.

mod data;
mod json;
mod structure;
mod xml;

pub use data::{DataFormat, DataHead, DataWriter, Detail, Obs, Series};
pub use structure::{Categorisation, Code, Codelist, Constraint, Dataflow, Structures, write};

/// The agency, and the id that clients know the source by.
pub const AGENCY: &str = "ZHIQIAO";

/// The version of every structure.
pub const VERSION: &str = "1.0";

/// The concept scheme.
pub const CONCEPTS: &str = "CS_ZHIQIAO";

/// The dimensions of a key, in their order; time comes after them and is in no key.
pub const DIMENSIONS: [&str; 6] = ["FREQ", "REF_AREA", "INDICATOR", "OWNERSHIP", "CATEGORY", "TIER"];

/// The dimension of time.
pub const TIME: &str = "TIME_PERIOD";

/// The layout in which every observation has its whole key.
pub const ALL_DIMENSIONS: &str = "AllDimensions";

/// The category scheme: tables by what their periods are.
pub const CATEGORIES: &str = "CAT_ZHIQIAO";

/// The code for all values of a dimension together.
pub const TOTAL: &str = "_T";

/// The one frequency: figures of a year.
pub const ANNUAL: &str = "A";

/// The data structure of a flow.
pub fn structure_of(flow: &str) -> String {
    format!("DSD_{}", flow.to_uppercase())
}

/// The list of a flow's indicators.
pub fn indicators_of(flow: &str) -> String {
    format!("CL_INDICATOR_{}", flow.to_uppercase())
}

/// The constraint of a flow: what there is in it.
pub fn constraint_of(flow: &str) -> String {
    format!("CR_{}", flow.to_uppercase())
}

/// In which category a flow stands: the categorisation that says so.
pub fn categorisation_of(flow: &str) -> String {
    format!("CN_{}", flow.to_uppercase())
}

const MESSAGE: &str = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message";
const COMMON: &str = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common";
const STRUCTURE: &str = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/structure";
const GENERIC: &str = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/data/generic";
const SPECIFIC: &str = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/data/structurespecific";
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

#[cfg(test)]
mod tests;
