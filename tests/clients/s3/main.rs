//! A small S3 server: the crate s3s with its own checks of signatures, and a bucket that is R2's
//! emulation, reached through the Worker of tests/support/bucket.
//!
//! `s3-server BUCKET_URL ACCESS_KEY_ID SECRET_ACCESS_KEY` prints `ready on http://127.0.0.1:PORT`, and
//! ends when its standard input does.

use std::error::Error;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use reqwest::{Client, Response, StatusCode};
use s3s::auth::SimpleAuth;
use s3s::dto::{
    GetObjectInput, GetObjectOutput, PutObjectInput, PutObjectOutput, Range, StreamingBlob,
};
use s3s::service::S3ServiceBuilder;
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

/// The Worker that has the bucket's binding.
struct Bucket {
    client: Client,
    url: String,
}

#[async_trait::async_trait]
impl S3 for Bucket {
    async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let input = request.input;
        let mut put = self.client.put(self.url_of(&input.bucket, &input.key));
        if let Some(sha256) = input.checksum_sha256 {
            let sha256 = STANDARD.decode(sha256);
            let sha256 = sha256.map_err(|_| S3Error::new(S3ErrorCode::InvalidArgument))?;
            let digits: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
            put = put.header("bucket-sha256", digits);
        }
        for (name, value) in [
            ("content-length", input.content_length.map(|bytes| bytes.to_string())),
            ("bucket-content-type", input.content_type),
            ("bucket-content-encoding", input.content_encoding),
        ] {
            if let Some(value) = value {
                put = put.header(name, value);
            }
        }
        for (name, value) in input.metadata.unwrap_or_default() {
            put = put.header(format!("bucket-meta-{name}"), value);
        }
        if let Some(body) = input.body.filter(|_| input.content_length != Some(0)) {
            put = put.body(reqwest::Body::wrap_stream(body));
        }
        answered(put.send().await).await?;
        Ok(S3Response::new(PutObjectOutput::default()))
    }

    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        let mut get = self.client.get(self.url_of(&input.bucket, &input.key));
        let range = input.range.map(|range| match range {
            Range::Int { first, last } => {
                format!("bytes={first}-{}", last.map(|last| last.to_string()).unwrap_or_default())
            }
            Range::Suffix { length } => format!("bytes=-{length}"),
        });
        if let Some(range) = range {
            get = get.header("range", range);
        }
        let response = answered(get.send().await).await?;
        let header = |name: &str| {
            let value = response.headers().get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        let mut output = GetObjectOutput {
            content_length: header("content-length").and_then(|bytes| bytes.parse().ok()),
            content_range: header("content-range"),
            content_type: header("bucket-content-type"),
            content_encoding: header("bucket-content-encoding"),
            ..GetObjectOutput::default()
        };
        let body = sync_wrapper::SyncStream::new(response.bytes_stream());
        output.body = Some(StreamingBlob::wrap(body));
        Ok(S3Response::new(output))
    }
}

impl Bucket {
    fn url_of(&self, bucket: &str, key: &str) -> String {
        format!("{}/{bucket}/{key}", self.url)
    }
}

/// The Worker's refusals are R2's own words.
async fn answered(sent: reqwest::Result<Response>) -> S3Result<Response> {
    let failed = |message: String| S3Error::with_message(S3ErrorCode::InternalError, message);
    let response = sent.map_err(|error| failed(format!("{error:?}")))?;
    let code = match response.status() {
        status if status.is_success() => return Ok(response),
        StatusCode::NOT_FOUND => S3ErrorCode::NoSuchKey,
        StatusCode::BAD_REQUEST => S3ErrorCode::BadDigest,
        StatusCode::RANGE_NOT_SATISFIABLE => S3ErrorCode::InvalidRange,
        _ => S3ErrorCode::InternalError,
    };
    let message = response.text().await.unwrap_or_default();
    Err(S3Error::with_message(code, message))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, access_key_id, secret_access_key] = arguments
        .try_into()
        .map_err(|_| "usage: s3-server BUCKET_URL ACCESS_KEY_ID SECRET_ACCESS_KEY")?;
    let client = Client::builder().no_proxy().build()?;
    let mut builder = S3ServiceBuilder::new(Bucket { client, url });
    builder.set_auth(SimpleAuth::from_single(access_key_id, secret_access_key));
    let service = builder.build();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("ready on http://{}", listener.local_addr()?);
    tokio::spawn(async {
        let mut rest = Vec::new();
        let _ = tokio::io::stdin().read_to_end(&mut rest).await;
        std::process::exit(0);
    });
    loop {
        let (socket, _) = listener.accept().await?;
        let service = service.clone();
        tokio::spawn(async move {
            let builder = Builder::new(TokioExecutor::new());
            // A client that goes away is not a fault.
            let _ = builder.serve_connection(TokioIo::new(socket), service).await;
        });
    }
}
