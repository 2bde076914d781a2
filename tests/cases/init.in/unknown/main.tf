terraform {
  required_providers {
    thing = {
      source = "example/thing"
    }
  }
}
