"""Surroundings in which tools for AWS, Pulumi and Python go astray: each variable is one trap."""

from pathlib import Path

DEAD = "http://127.0.0.1:9"  # nothing listens there

PROXIES = {
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), DEAD),
    **dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), DEAD),
    "NO_PROXY": "example.com",
    "no_proxy": "example.org",
}
CERTIFICATES = {
    "AWS_CA_BUNDLE": "/nowhere.pem",
    "CURL_CA_BUNDLE": "/nowhere.pem",
    "REQUESTS_CA_BUNDLE": "/nowhere.pem",
    "SSL_CERT_DIR": "/nowhere",
    "SSL_CERT_FILE": "/nowhere.pem",
}
AWS = {
    "AWS_ACCESS_KEY_ID": "AKIASOMEBODYELSE",
    "AWS_DEFAULT_PROFILE": "another-company",
    "AWS_DEFAULT_REGION": "mars-north-1",
    "AWS_DEFAULTS_MODE": "sometimes",
    "AWS_EC2_METADATA_DISABLED": "false",
    "AWS_ENDPOINT_URL": DEAD,
    "AWS_ENDPOINT_URL_DYNAMODB": DEAD,
    "AWS_ENDPOINT_URL_STS": DEAD,
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "maybe",
    "AWS_MAX_ATTEMPTS": "many",
    "AWS_PROFILE": "my-company",
    "AWS_REGION": "mars-north-1",
    "AWS_REQUEST_CHECKSUM_CALCULATION": "seldom",
    "AWS_RESPONSE_CHECKSUM_VALIDATION": "seldom",
    "AWS_RETRY_MODE": "stubborn",
    "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/nobody",
    "AWS_SECRET_ACCESS_KEY": "somebody-elses",
    "AWS_SESSION_TOKEN": "expired",
    "AWS_STS_REGIONAL_ENDPOINTS": "sometimes",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere",
    "BOTO_CONFIG": "/nowhere",
}
PYTHON = {
    "LC_ALL": "C",
    "PYTHONIOENCODING": "ascii",
    "PYTHONOPTIMIZE": "2",
    "PYTHONUTF8": "0",
    "PYTHONWARNINGS": "error",
}
PULUMI = {
    "PULUMI_ACCESS_TOKEN": "pul-nobody",
    "PULUMI_CONFIG": '{"background-tasks:noSuchKey": "1", "aws:region": "mars-north-1"}',
    "PULUMI_DRY_RUN": "true",
    "PULUMI_ENGINE": "127.0.0.1:9",
    "PULUMI_MONITOR": "127.0.0.1:9",
    "PULUMI_PROJECT": "another",
    "PULUMI_STACK": "prod",
}
OTHERS = {
    "AUTH": "false",
    "GATEWAY_PORT": "1",
    "LAMBDA_EXECUTOR": "docker",
    "LOG_LEVEL": "loud",
    "POWERTOOLS_LOG_LEVEL": "loud",
    "POWERTOOLS_SERVICE_NAME": "another",
}
TERMINAL = {"COLUMNS": "5", "NO_COLOR": "1", "TERM": "dumb", "TZ": "Asia/Tokyo"}

ALL = {**PROXIES, **CERTIFICATES, **AWS, **PYTHON, **PULUMI, **OTHERS, **TERMINAL}


def make_home(folder: Path) -> Path:
    """A home with files that AWS tools read by themselves."""
    (folder / ".aws").mkdir(parents=True)
    settings = f"""
region = mars-north-1
endpoint_url = {DEAD}
use_fips_endpoint = true
retry_mode = stubborn
s3 =
  addressing_style = virtual
"""
    (folder / ".aws" / "config").write_text(f"[default]{settings}[profile p]\nrole_arn = x\n")
    key = "aws_access_key_id = AKIASOMEBODYELSE\naws_secret_access_key = s\n"
    (folder / ".aws" / "credentials").write_text(f"[default]\n{key}")
    (folder / ".netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    return folder
