module "archive" {
  source = "https://localhost:1/net.tar.xz"
}

module "plain" {
  source = "http://localhost:1/net.zip"
}
