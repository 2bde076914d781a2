terraform {
  required_providers {
    thing = {
      source = "localhost:1/example/thing"
    }
  }
}
