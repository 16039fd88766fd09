//! SDMX-JSON 1.0: a message tells its lists once; series, or observations that stand alone, name what they say by its
//! place in them.

use std::{collections::HashMap, sync::Arc};

use serde_json::{Value, json};

use super::{AGENCY, Code, DIMENSIONS, DataHead, Detail, Obs, Series, TIME, VERSION, structure_of};
use crate::{error::Text, formats::decimal};

/// A message being written.
pub(super) struct Json {
    /// Whether something stands in its data already.
    begun: bool,
    /// The place of each code in the list of its dimension.
    codes: Vec<HashMap<String, usize>>,
    units: HashMap<Arc<str>, usize>,
    decimals: HashMap<i16, usize>,
    periods: HashMap<Arc<str>, usize>,
    statuses: HashMap<String, usize>,
}

fn places<T: std::hash::Hash + Eq>(all: impl Iterator<Item = T>) -> HashMap<T, usize> {
    all.enumerate().map(|(at, one)| (one, at)).collect()
}

impl Json {
    /// Begins a message.
    pub(super) fn new(head: &DataHead) -> Self {
        Self {
            begun: false,
            codes: head.codelists.iter().map(|list| places(list.codes.iter().map(|code| code.id.clone()))).collect(),
            units: places(head.units.iter().cloned()),
            decimals: places(head.decimals.iter().copied()),
            periods: places(head.periods.iter().cloned()),
            statuses: places(head.statuses.codes.iter().map(|code| code.id.clone())),
        }
    }

    /// Adds a series, or its observations one by one.
    pub(super) fn write(&mut self, out: &mut String, head: &DataHead, series: &Series) {
        let key: Vec<String> = series
            .key
            .iter()
            .zip(&self.codes)
            .map(|(code, places)| places.get(&**code).copied().unwrap_or_default().to_string())
            .collect();
        let key = key.join(":");
        if head.is_flat {
            for obs in &series.obs {
                self.comma(out);
                out.push_str(&format!("\"{key}:{}\":", self.period(obs)));
                self.observation(out, head.detail, Some(series), obs);
            }
            return;
        }
        self.comma(out);
        out.push_str(&format!("\"{key}\":{{"));
        if head.detail.has_attributes() {
            out.push_str(&format!("\"attributes\":[{}],", self.of_series(series)));
        }
        out.push_str("\"observations\":{");
        for (at, obs) in series.obs.iter().filter(|_| head.detail.has_values()).enumerate() {
            if at > 0 {
                out.push(',');
            }
            out.push_str(&format!("\"{}\":", self.period(obs)));
            self.observation(out, head.detail, None, obs);
        }
        out.push_str("}}");
    }

    fn comma(&mut self, out: &mut String) {
        if std::mem::replace(&mut self.begun, true) {
            out.push(',');
        }
    }

    fn period(&self, obs: &Obs) -> usize {
        self.periods.get(&obs.period).copied().unwrap_or_default()
    }

    /// The places of unit and decimals. What has no unit has no place.
    fn of_series(&self, series: &Series) -> String {
        let unit = series.unit.as_ref().and_then(|unit| self.units.get(unit));
        let unit = unit.map_or_else(|| "null".to_owned(), usize::to_string);
        format!("{unit},{}", self.decimals.get(&series.decimals).copied().unwrap_or_default())
    }

    /// The value, then the place of the status; of one that stands alone also what is said of its series.
    fn observation(&self, out: &mut String, detail: Detail, alone: Option<&Series>, obs: &Obs) {
        out.push('[');
        match obs.value.as_ref().filter(|_| detail.has_values()) {
            Some(value) => decimal::write_exact(out, value),
            None => out.push_str("null"),
        }
        if detail.has_attributes() {
            let status = self.statuses.get(obs.status).filter(|_| detail.has_values());
            out.push(',');
            out.push_str(&status.map_or_else(|| "null".to_owned(), usize::to_string));
            if let Some(series) = alone {
                out.push(',');
                out.push_str(&self.of_series(series));
            }
        }
        out.push(']');
    }
}

/// What stands behind the last of the data.
pub(super) const END: &[u8] = b"}}]}}\n";

fn names(name: &Text) -> Value {
    if name.en.is_empty() { json!({ "zh": name.zh }) } else { json!({ "zh": name.zh, "en": name.en }) }
}

fn values(codes: &[Code]) -> Vec<Value> {
    codes
        .iter()
        .map(|code| {
            let mut value = json!({ "id": code.id, "name": code.name.zh, "names": names(&code.name) });
            if let (Some(value), Some(parent)) = (value.as_object_mut(), &code.parent) {
                value.insert("parent".to_owned(), json!(parent));
            }
            value
        })
        .collect()
}

/// The lists, and everything else that is said once.
pub(super) fn begin(head: &DataHead) -> serde_json::Result<Vec<u8>> {
    let mut dimensions: Vec<Value> = DIMENSIONS
        .iter()
        .zip(&head.codelists)
        .enumerate()
        .map(|(at, (id, list))| json!({ "id": id, "name": list.name.zh, "names": names(&list.name), "keyPosition": at, "values": values(&list.codes) }))
        .collect();
    let periods: Vec<Value> = head.periods.iter().map(|period| json!({ "id": &**period, "name": &**period })).collect();
    let time = json!({ "id": TIME, "name": "统计期", "names": { "zh": "统计期", "en": "Time period" }, "keyPosition": DIMENSIONS.len(), "roles": [TIME], "values": periods });

    let of_indicator = json!({ "dimensions": ["INDICATOR"] });
    let units: Vec<Value> = head.units.iter().map(|unit| json!({ "name": &**unit })).collect();
    let decimals: Vec<Value> =
        head.decimals.iter().map(|places| json!({ "id": places.to_string(), "name": places.to_string() })).collect();
    let of_series = [
        json!({ "id": "UNIT_MEASURE", "name": "计量单位", "names": { "zh": "计量单位", "en": "Unit of measure" }, "relationship": of_indicator, "values": units }),
        json!({ "id": "DECIMALS", "name": "小数位数", "names": { "zh": "小数位数", "en": "Decimals" }, "relationship": of_indicator, "values": decimals }),
    ];
    let status = json!({ "id": "OBS_STATUS", "name": head.statuses.name.zh, "names": names(&head.statuses.name), "relationship": { "primaryMeasure": "OBS_VALUE" }, "values": values(&head.statuses.codes) });
    let release = json!({ "id": "RELEASE", "name": "发布版本", "names": { "zh": "发布版本", "en": "Release" }, "relationship": { "none": {} }, "values": [{ "name": head.release }] });

    let (of_series, of_obs, series_dimensions) = if head.is_flat {
        let [unit, decimals] = of_series;
        (Vec::new(), vec![status, unit, decimals], Vec::new())
    } else {
        (of_series.to_vec(), vec![status], std::mem::take(&mut dimensions))
    };
    dimensions.push(time);
    let structure = json!({
        "name": head.name.zh,
        "names": names(&head.name),
        "dimensions": { "dataSet": [], "series": series_dimensions, "observation": dimensions },
        "attributes": { "dataSet": [release], "series": of_series, "observation": of_obs },
    });
    let meta = json!({
        "schema": "https://raw.githubusercontent.com/sdmx-twg/sdmx-json/master/data-message/tools/schemas/1.0/sdmx-json-data-schema.json",
        "id": head.id(),
        "prepared": head.prepared,
        "test": false,
        "contentLanguages": ["zh", "en"],
        "sender": { "id": AGENCY },
    });
    let urn = |class: &str, id: &str| json!({ "rel": class.to_lowercase(), "urn": format!("urn:sdmx:org.sdmx.infomodel.datastructure.{class}={AGENCY}:{id}({VERSION})") });
    let links = json!([urn("Dataflow", &head.flow), urn("DataStructure", &structure_of(&head.flow))]);
    let release = if head.detail.has_attributes() { "\"attributes\":[0]," } else { "" };
    let text = format!(
        "{{\"meta\":{},\"data\":{{\"structure\":{},\"dataSets\":[{{\"action\":\"Information\",\"links\":{},{release}\"{}\":{{",
        serde_json::to_string(&meta)?,
        serde_json::to_string(&structure)?,
        serde_json::to_string(&links)?,
        if head.is_flat { "observations" } else { "series" },
    );
    Ok(text.into_bytes())
}
