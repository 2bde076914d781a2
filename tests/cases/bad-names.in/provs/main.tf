terraform {
 required_providers {
  foo = { source = "a/b/c/d" }
  bar = { source = "acme/bar" }
 }
}
resource "bar_x" "y" {}
provider "nope" {}
