//! REST: parse, call one domain verb, wrap. It decides nothing, and it never names the ORM.

pub mod accounts;
pub mod audit;
pub mod batches;
pub mod body;
pub mod border;
pub mod bounds;
pub mod bulletins;
pub mod catalogue;
pub mod certifications;
pub mod changes;
pub mod claims;
pub mod clients;
pub mod collections;
pub mod compliance;
pub mod console;
pub mod consortia;
pub mod contract;
pub mod data;
pub mod datasets;
pub mod download;
pub mod extract;
pub mod headers;
pub mod health;
pub mod idempotency;
pub mod indicators;
pub mod interests;
pub mod matches;
pub mod oauth;
pub mod opportunities;
pub mod packages;
pub mod partnerships;
pub mod peers;
pub mod periods;
pub mod problem;
pub mod rates;
pub mod registry;
pub mod releases;
pub mod reports;
pub mod reviews;
pub mod revisions;
pub mod sdmx;
pub mod session;
pub mod submissions;
mod tags;
pub mod targets;
pub mod tasks;
pub mod teachers;
pub mod templates;
pub mod waiting;
pub mod webhooks;

use std::collections::BTreeMap;

use actix_web::{App, HttpResponse, http::header, web};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Document,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_actix_web::{AppExt, service_config::ServiceConfig};

/// Every documented route. What is not here is not part of the contract.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(oauth::token)
        .service(oauth::revoke::revoke)
        .service(oauth::jwks)
        .service(oauth::metadata)
        .service(session::session)
        .service(session::end)
        .service(session::password)
        .service(session::confirm)
        .service(session::enrol)
        .service(session::remove)
        .service(accounts::reset)
        .service(accounts::list)
        .service(accounts::add)
        .service(accounts::get)
        .service(accounts::change)
        .service(clients::rotate)
        .service(clients::list)
        .service(clients::add)
        .service(clients::get)
        .service(clients::change)
        .service(health::live)
        .service(health::ready)
        // The longer paths first: a shorter pattern never swallows them, but readers expect it.
        .service(reviews::approve)
        .service(reviews::accept)
        .service(submissions::submit)
        .service(submissions::recall)
        .service(submissions::approve)
        .service(submissions::return_)
        .service(submissions::accept)
        .service(submissions::reopen)
        .service(revisions::get)
        .service(revisions::list)
        .service(waiting::list)
        .service(peers::get)
        .service(submissions::put)
        .service(submissions::patch)
        .service(submissions::get)
        .service(batches::create)
        .service(batches::get)
        .service(templates::get)
        .service(data::csv)
        .service(data::json)
        .service(data::parquet)
        .service(data::xlsx)
        .service(data::arrow)
        .service(collections::extend)
        .service(collections::list)
        .service(collections::open)
        .service(collections::get)
        .service(collections::change)
        .service(registry::bodies::cities::list)
        .service(registry::bodies::cities::add)
        .service(registry::bodies::cities::get)
        .service(registry::bodies::cities::change)
        .service(registry::bodies::schools::list)
        .service(registry::bodies::schools::add)
        .service(registry::bodies::schools::get)
        .service(registry::bodies::schools::change)
        .service(registry::bodies::enterprises::list)
        .service(registry::bodies::enterprises::add)
        .service(registry::bodies::enterprises::get)
        .service(registry::bodies::enterprises::change)
        .service(registry::bodies::institutions::list)
        .service(registry::bodies::institutions::add)
        .service(registry::bodies::institutions::get)
        .service(registry::bodies::institutions::change)
        .service(registry::bodies::consortia::list)
        .service(registry::bodies::consortia::add)
        .service(registry::bodies::consortia::get)
        .service(registry::bodies::consortia::change)
        .service(registry::ties::members::list)
        .service(registry::ties::members::add)
        .service(registry::ties::members::get)
        .service(registry::ties::members::change)
        .service(registry::ties::designations::list)
        .service(registry::ties::designations::add)
        .service(registry::ties::designations::get)
        .service(registry::ties::designations::change)
        .service(registry::ties::aliases::list)
        .service(registry::ties::aliases::add)
        .service(registry::ties::aliases::get)
        .service(registry::ties::aliases::change)
        .service(registry::ties::successions::list)
        .service(registry::ties::successions::add)
        .service(registry::ties::successions::get)
        .service(registry::ties::successions::change)
        .service(registry::majors::catalogue::list)
        .service(registry::majors::catalogue::add)
        .service(registry::majors::catalogue::get)
        .service(registry::majors::catalogue::change)
        .service(registry::majors::programmes::list)
        .service(registry::majors::programmes::add)
        .service(registry::majors::programmes::get)
        .service(registry::majors::programmes::change)
        .service(registry::majors::chains::list)
        .service(registry::majors::chains::add)
        .service(registry::majors::chains::get)
        .service(registry::majors::chains::change)
        .service(registry::majors::links::list)
        .service(registry::majors::links::add)
        .service(registry::majors::links::get)
        .service(registry::majors::links::change)
        .service(registry::upkeep::history)
        .service(registry::upkeep::proposals)
        .service(registry::upkeep::merge)
        .service(registry::upkeep::distinguish)
        .service(datasets::list)
        .service(datasets::add)
        .service(datasets::change)
        .service(indicators::list)
        .service(indicators::add)
        .service(indicators::change)
        .service(periods::list)
        .service(periods::add)
        .service(catalogue::list)
        .service(catalogue::dry_run)
        .service(catalogue::add)
        .service(catalogue::change)
        .service(claims::held)
        .service(claims::keep)
        .service(claims::get)
        .service(claims::list)
        .service(claims::explain)
        .service(claims::explanations)
        .service(opportunities::approve)
        .service(opportunities::refuse)
        .service(opportunities::withdraw)
        .service(opportunities::close)
        .service(matches::list)
        .service(interests::express)
        .service(matches::digest)
        .service(opportunities::list)
        .service(opportunities::post)
        .service(opportunities::get)
        .service(opportunities::change)
        .service(interests::accept)
        .service(interests::decline)
        .service(interests::withdraw)
        .service(interests::contact)
        .service(interests::list)
        .service(interests::get)
        .service(bulletins::json)
        .service(bulletins::csv)
        .service(bulletins::html)
        .service(bulletins::publish)
        .service(changes::list)
        .service(audit::export)
        .service(audit::entries)
        .service(audit::list_accesses)
        .service(compliance::get)
        .service(releases::list)
        .service(releases::preview)
        .service(releases::create)
        .service(packages::datapackage)
        .service(packages::dictionary)
        .service(releases::list_changes)
        .service(releases::get)
        .service(sdmx::data)
        .service(sdmx::structure)
        .service(reports::index)
        .service(reports::file)
        .service(partnerships::confirm)
        .service(partnerships::refuse)
        .service(partnerships::withdraw)
        .service(partnerships::end)
        .service(partnerships::statistics)
        .service(partnerships::list)
        .service(partnerships::propose)
        .service(partnerships::get)
        .service(partnerships::change)
        .service(consortia::accept)
        .service(consortia::refuse)
        .service(consortia::withdraw)
        .service(consortia::list)
        .service(consortia::get)
        .service(consortia::apply)
        .service(consortia::leave)
        .service(consortia::activities)
        .service(consortia::add_activity)
        .service(consortia::change_activity)
        .service(consortia::overview)
        .service(tasks::report)
        .service(tasks::judge)
        .service(tasks::list)
        .service(tasks::add)
        .service(tasks::get)
        .service(tasks::change)
        .service(tasks::evaluations::list_evaluations)
        .service(tasks::evaluations::evaluate)
        .service(tasks::evaluations::evaluation)
        .service(targets::list)
        .service(targets::add)
        .service(targets::get)
        .service(targets::change)
        .service(targets::policies)
        .service(targets::city_figures)
        .service(webhooks::redeliver)
        .service(webhooks::deliveries)
        .service(webhooks::rotate)
        .service(webhooks::list)
        .service(webhooks::add)
        .service(webhooks::get)
        .service(webhooks::change)
        .service(webhooks::remove)
        .service(certifications::list_batches)
        .service(certifications::open_batch)
        .service(certifications::change_batch)
        .service(certifications::judge)
        .service(certifications::list)
        .service(certifications::apply)
        .service(certifications::get)
        .service(certifications::correct)
        .service(certifications::incentives::cancel_incentive)
        .service(certifications::incentives::list_incentives)
        .service(certifications::incentives::record_incentive)
        .service(certifications::incentives::list_duties)
        .service(teachers::list_agencies)
        .service(teachers::state_agency)
        .service(teachers::judge)
        .service(teachers::appeal)
        .service(teachers::list)
        .service(teachers::apply)
        .service(teachers::get)
        .service(teachers::correct)
        .service(teachers::verify)
        .service(teachers::count);
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "zhiqiao 职桥",
        description = "The data exchange of a Chinese province for vocational education. 省级职业教育数据交换平台。",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    modifiers(&Bearer),
    // That of a parameter comes with no route.
    components(schemas(submissions::Confirm)),
    tags(
        (name = "identity", description = "Tokens and keys"),
        (name = "people", description = "Accounts and clients, for administrators"),
        (name = "submissions", description = "A school states a table"),
        (name = "collections", description = "From when to when a table is reported"),
        (name = "batches", description = "Many tables in one file"),
        (name = "reviews", description = "The city and the province judge it"),
        (name = "catalogue", description = "What schools report, and by which rules it is judged"),
        (name = "changes", description = "What happened"),
        (name = "opportunities", description = "What schools and enterprises seek and offer, and who meets whom"),
        (name = "releases", description = "What is published"),
        (name = "data", description = "Published figures as files"),
        (name = "sdmx", description = "The same by SDMX 2.1"),
        (name = "claims", description = "What was printed, held against the data"),
        (name = "tasks", description = "Who is to do what by when, and whether it was done"),
        (name = "targets", description = "What was promised in figures, and whether it is kept"),
        (name = "reports", description = "The annual report"),
        (name = "audit", description = "The journal, and who has read what is not published"),
        (name = "partnerships", description = "What exists between schools and enterprises"),
        (name = "consortia", description = "Who joins and leaves a consortium, and what it does"),
        (name = "webhooks", description = "Messages about events"),
        (name = "certification", description = "Enterprises and teachers are certified"),
        (name = "health", description = "For whoever runs the service"),
    )
)]
struct Base;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        document
            .components
            .get_or_insert_with(Default::default)
            .add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// The OpenAPI 3.1 document, made from the routes themselves.
pub fn openapi() -> Document {
    let mut document = App::new().into_utoipa_app().openapi(Base::openapi()).configure(routes).split_for_parts().1;
    for (path, item) in &mut document.paths.paths {
        idempotency::describe(path, item);
        rates::describe(item);
    }
    contract::complete(&mut document);
    document
}

/// The document as it is served and as `zhiqiao openapi` prints it.
pub fn openapi_text() -> String {
    let mut text = openapi().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// Which methods each documented path knows; for a 405 that says so.
#[derive(Clone, Debug)]
pub struct Known(Vec<(Vec<String>, Vec<&'static str>)>);

impl Known {
    /// Reads the paths of a document.
    pub fn new(document: &Document) -> Self {
        let mut paths: BTreeMap<&String, Vec<&'static str>> = BTreeMap::new();
        for (path, item) in &document.paths.paths {
            let methods = paths.entry(path).or_default();
            for (method, is_there) in [
                ("GET", item.get.is_some()),
                ("PUT", item.put.is_some()),
                ("POST", item.post.is_some()),
                ("PATCH", item.patch.is_some()),
                ("DELETE", item.delete.is_some()),
            ] {
                if is_there {
                    methods.push(method);
                }
            }
        }
        Self(paths.into_iter().map(|(path, methods)| (path.split('/').map(str::to_owned).collect(), methods)).collect())
    }

    /// The methods of the path that an address matches.
    pub fn methods(&self, address: &str) -> &[&'static str] {
        let parts: Vec<&str> = address.split('/').collect();
        self.0
            .iter()
            .find(|(pattern, _)| {
                pattern.len() == parts.len()
                    && pattern.iter().zip(&parts).all(|(wanted, part)| {
                        match wanted.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
                            // What stands behind the name, as in `{dataset}.xlsx`, belongs to the address.
                            Some((_, end)) => part.len() > end.len() && part.ends_with(end),
                            None => wanted == part,
                        }
                    })
            })
            .map_or(&[], |(_, methods)| methods)
    }
}

/// `/openapi.json`: the document, byte for byte what the command prints.
pub async fn document(text: web::Data<OpenApiText>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .body(text.0.clone())
}

/// The text of the OpenAPI document, made once.
#[derive(Clone, Debug)]
pub struct OpenApiText(pub String);
