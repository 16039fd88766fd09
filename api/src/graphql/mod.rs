//! GraphQL: parses, calls one domain verb a field, wraps what comes back. It decides nothing.
//!
//! A query is judged before it is read (`limits`), run with one state of the registry in hand, and
//! answered as the GraphQL-over-HTTP specification says (`request`); a subscription over a websocket
//! (`socket`). Only `http` names the server,
//! only `loaders` the ORM. Doc comments on types and fields are the public documentation.

pub mod charges;
mod complete;
pub mod error;
mod filters;
pub mod http;
mod ids;
mod inputs;
mod lean;
mod limits;
mod loaders;
mod paging;
pub mod request;
mod roots;
mod scalars;
mod socket;
mod tokens;
mod types;
mod upkeep;
mod written;

use std::{fmt, sync::Arc};

use async_graphql::{
    Context, ContextBase, SDLExportOptions, SchemaBuilder, ServerError, ValidationResult,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextValidation},
};
use roots::{Mutation, Query, Subscription};

use crate::{
    config::{Config, Limits},
    ctx::Ctx,
    memory::registry::Registry,
    rate::Rates,
};

type Served = async_graphql::Schema<Query, Mutation, Subscription>;

/// The schema, with what is needed to judge a query of it.
#[derive(Clone)]
pub struct Schema {
    served: Served,
    /// The same schema without a bound on complexity, which runs nothing but says what a query costs.
    measured: Served,
    shapes: Arc<complete::Shapes>,
    limits: Arc<Limits>,
    house: charges::House,
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema").field("limits", &self.limits).finish_non_exhaustive()
    }
}

fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    async_graphql::Schema::build(Query::default(), Mutation::default(), Subscription)
}

/// The schema with its limits.
pub fn schema(config: &Config, rates: &Arc<Rates>) -> Schema {
    let limits = &config.limits;
    let levels = limits::levels(limits);
    Schema {
        served: builder().limit_complexity(limits.graphql_complexity).limit_recursive_depth(levels).finish(),
        measured: builder().limit_recursive_depth(levels).extension(Measure).finish(),
        shapes: Arc::new(complete::Shapes::read(&sdl())),
        limits: Arc::new(limits.clone()),
        house: charges::House {
            rates: Arc::clone(rates),
            introspection: config.graphql.introspection,
            costs: Arc::default(),
        },
    }
}

/// The schema as text: types by name, fields in their own order, with their documentation.
pub fn sdl() -> String {
    let options = SDLExportOptions::new().prefer_single_line_descriptions().use_space_ident();
    let sdl = builder().finish().sdl_with_options(options);
    // One empty line between types, none at the end.
    let mut text = String::with_capacity(sdl.len());
    let mut blank = 0;
    for line in sdl.lines().map(str::trim_end) {
        if line.is_empty() {
            blank += 1;
            continue;
        }
        if blank > 0 && !text.is_empty() && !line.starts_with('}') && !line.starts_with(' ') {
            text.push('\n');
        }
        blank = 0;
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// Who asks.
fn ctx<'a>(cx: &Context<'a>) -> &'a Ctx {
    cx.data_unchecked::<Ctx>()
}

/// The one state of the registry that the whole query is answered from.
fn registry<'a, T>(cx: &ContextBase<'a, T>) -> &'a Registry {
    cx.data_unchecked::<Arc<Registry>>()
}

/// What a query costs.
#[derive(Clone, Copy, Debug)]
struct Cost(usize);

/// Stops every query after its validation, and says what it costs.
struct Measure;

impl ExtensionFactory for Measure {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_graphql::async_trait::async_trait]
impl Extension for Measure {
    async fn validation(
        &self,
        cx: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        let found = next.run(cx).await?;
        let mut error = ServerError::new("measured", None);
        error.source = Some(Arc::new(Cost(found.complexity)));
        Err(vec![error])
    }
}
