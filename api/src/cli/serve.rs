//! `zhiqiao serve`.

use std::path::Path;

use super::{Failure, at_work, configured};
use crate::{
    authz::Actor,
    config::Config,
    domain::{
        demo,
        keys::{self, Signer},
    },
    error::Error,
    house::{self, Listeners},
    memory::vault::Closed,
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
    let missing = [no_encryption_key(&config), unfit(keys::signer(&ctx).await?)];
    let missing: Vec<&str> = missing.into_iter().flatten().collect();
    if !missing.is_empty() {
        return Err(Failure::Refused(missing.join("\n")));
    }
    let running = house::serve(&house, Listeners::bind(&house.config)?, true)?;
    tracing::info!(%address, "ready");
    Ok(running.wait().await.map_err(|fault: Error| fault)?)
}

/// What is said where nothing could seal a signing key, be it the next one.
fn no_encryption_key(config: &Config) -> Option<&'static str> {
    let is_there = config.keys.encryption_key.is_some() || config.keys.encryption_key_file.is_some();
    (!is_there).then_some(
        "there is no encryption key for the private signing keys: make one with `zhiqiao key secret`, keep it apart from \
         the database, and name it by [keys] encryption_key_file or ZHIQIAO_KEYS__ENCRYPTION_KEY\n\
         没有用于签名私钥的加密密钥：请用 `zhiqiao key secret` 生成，与数据库分开保存，并写入 [keys] encryption_key_file 或 \
         ZHIQIAO_KEYS__ENCRYPTION_KEY",
    )
}

/// What is wrong with the key that is to sign.
const fn unfit(signer: Signer) -> Option<&'static str> {
    match signer {
        // Of the missing encryption key enough is said.
        Signer::Ready | Signer::Locked => None,
        Signer::None => Some(
            "there is no signing key: make one with `zhiqiao key rotate`\n没有签名密钥：请先运行 `zhiqiao key rotate`",
        ),
        Signer::Closed(Closed::Clear) => Some(
            "the private signing key is not encrypted, it is from an earlier version: make another with `zhiqiao key rotate`; \
             tokens and releases of the old one stay good\n\
             签名私钥未加密（由旧版本生成）：请运行 `zhiqiao key rotate` 换用新密钥，旧密钥签发的令牌和发布版本仍然有效",
        ),
        Signer::Closed(Closed::AnotherKey) => Some(
            "the private signing key was encrypted with another key than the one configured in [keys]: configure that one, or, \
             if it is lost, make another signing key with `zhiqiao key rotate`\n\
             签名私钥是用另一个加密密钥加密的：请配置原来的 [keys] 密钥；如已遗失，请运行 `zhiqiao key rotate` 换用新的签名密钥",
        ),
        Signer::Closed(Closed::Changed) => Some(
            "the private signing key in the database has been changed and does not open: find out by whom, then make another \
             with `zhiqiao key rotate`\n\
             数据库中的签名私钥已被改动，无法解密：请先查明原因，再运行 `zhiqiao key rotate` 换用新的签名密钥",
        ),
    }
}
