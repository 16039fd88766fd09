//! `zhiqiao serve`.

use std::path::Path;

use super::{Failure, at_work, configured};
use crate::{
    authz::Actor,
    config::Owner,
    domain::demo,
    error::Error,
    house::{self, Listeners, grants},
};

/// Runs the service until it is told to stop; then finishes what runs.
pub async fn run(config: Option<&Path>) -> Result<(), Failure> {
    let config = configured(config)?;
    let address = config.listen;
    let house = at_work(&config).await?;
    let ctx = house.ctx(Actor::system("serve"));
    if demo::has_secrets(&ctx).await? {
        return Err(Failure::Refused(
            "this database has demo accounts, whose secrets everybody knows: disable them, or use another database\n\
             数据库中有演示账号，其口令是公开的：请停用，或换用其他数据库"
                .to_owned(),
        ));
    }
    if house.memory.keys().iter().all(|key| key.retired_at.is_some()) {
        return Err(Failure::Refused(
            "there is no signing key: make one with `zhiqiao key rotate`\n没有签名密钥：请先运行 `zhiqiao key rotate`"
                .to_owned(),
        ));
    }
    match house.config.database.owner {
        Owner::Allow => {}
        Owner::Warn | Owner::Refuse if !grants::owns_tables(&house.db).await? => {}
        Owner::Warn => tracing::warn!(
            "the role of the service owns the tables and could change what is written once: \
             see `zhiqiao migrate grant`"
        ),
        Owner::Refuse => {
            return Err(Failure::Refused(
                "the role of the service owns the tables and could change what is written once: make another with \
                 `zhiqiao migrate grant --role NAME` and connect as it\n\
                 服务所用角色是表的所有者，可改动只写一次的数据：请用 `zhiqiao migrate grant --role 角色名` \
                 授权另一角色，并以其连接"
                    .to_owned(),
            ));
        }
    }
    let running = house::serve(&house, Listeners::bind(&house.config)?, true)?;
    tracing::info!(%address, "ready");
    Ok(running.wait().await.map_err(|fault: Error| fault)?)
}
