locals {
  id = "same"
}

import {
  to = terraform_data.same
  id = local.id
}

resource "terraform_data" "same" {
}

import {
  to = terraform_data.changed
  id = "changed"
}

resource "terraform_data" "changed" {
  input = 3
}

import {
  for_each = { a = "first", b = "second" }
  to       = terraform_data.many[each.key]
  id       = each.value
}

resource "terraform_data" "many" {
  for_each = toset(["a", "b", "c"])
}
