use std::time::Duration;

use rusty_s3::{Bucket, Credentials, S3Action as _, UrlStyle};

use super::*;

const NOW_MS: i64 = 1_796_000_000_123;

fn settings() -> S3Settings {
    S3Settings {
        origin: "https://account.r2.cloudflarestorage.com".to_owned(),
        host: "account.r2.cloudflarestorage.com".to_owned(),
        bucket: "cairn-packs".to_owned(),
        access_key_id: "0123456789abcdef".to_owned(),
        secret_access_key: "c2VjcmV0+/=".to_owned(),
    }
}

fn oid() -> LfsOid {
    LfsOid::from([0xa5; 32])
}

/// Another implementation signs the same: the crate rusty-s3.
#[test]
fn urls_are_those_of_another_signer() {
    let settings = settings();
    let signer = Signer::new(&settings, NOW_MS).unwrap();
    let origin = settings.origin.parse().unwrap();
    let bucket = Bucket::new(origin, UrlStyle::Path, settings.bucket.clone(), REGION).unwrap();
    let key = Credentials::new(&*settings.access_key_id, &*settings.secret_access_key);
    let expires = Duration::from_secs(EXPIRES_SECONDS.into());
    let now = jiff::Timestamp::from_millisecond(NOW_MS).unwrap();
    for r2_key in ["lfs/0b1c/a5a5", "lfs/ü (1)+~/x"] {
        let expect = bucket
            .get_object(Some(&key), r2_key)
            .sign_with_time(expires, &now);
        assert_eq!(signer.download(r2_key).unwrap().href, expect.as_str());

        let oid = oid();
        let upload = Upload {
            r2_key,
            oid: &oid,
            size: 5 << 30,
            name: "r-1.7",
        };
        let ours = signer.upload(&upload).unwrap();
        let mut put = bucket.put_object(Some(&key), r2_key);
        put.headers_mut().insert("content-length", "5368709120");
        for (name, value) in &ours.headers {
            put.headers_mut().insert(*name, value.clone());
        }
        assert_eq!(ours.href, put.sign_with_time(expires, &now).as_str());
    }
}

#[test]
fn an_upload_binds_the_digest_and_the_size_and_shows_no_secret() {
    let settings = settings();
    let signer = Signer::new(&settings, NOW_MS).unwrap();
    let oid = oid();
    let upload = Upload {
        r2_key: "lfs/n/o",
        oid: &oid,
        size: 7,
        name: "r-1.7",
    };
    let link = signer.upload(&upload).unwrap();
    let names = "content-encoding%3Bcontent-length%3Bcontent-type%3Bhost%3Bx-amz-checksum-sha256\
        %3Bx-amz-meta-cairn-upload";
    assert!(
        link.href
            .contains(&format!("&X-Amz-SignedHeaders={names}&")),
        "{}",
        link.href
    );
    let checksum = link
        .headers
        .iter()
        .find(|(name, _)| *name == "x-amz-checksum-sha256");
    assert_eq!(
        checksum.unwrap().1,
        "paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaU="
    );
    let metadata = format!("x-amz-meta-{UPLOAD_METADATA}");
    assert!(
        link.headers
            .iter()
            .any(|(name, value)| *name == metadata && value == "r-1.7")
    );
    assert!(!format!("{link:?}").contains("c2VjcmV0"));

    // Every change changes the signature.
    let other = LfsOid::from([1; 32]);
    for changed in [
        Upload {
            oid: &other,
            ..upload
        },
        Upload { size: 8, ..upload },
        Upload {
            name: "r-2.7",
            ..upload
        },
        Upload {
            r2_key: "lfs/m/o",
            ..upload
        },
    ] {
        let changed = signer.upload(&changed).unwrap();
        let signature = |href: &str| href.rsplit('=').next().map(str::to_owned);
        assert_ne!(signature(&changed.href), signature(&link.href));
    }
}
