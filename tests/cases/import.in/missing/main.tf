resource "terraform_data" "x" {
  count = 2
}

import {
  to = terraform_data.x
  id = "one"
}

import {
  to = terraform_data.nowhere
  id = "two"
}

import {
  to = terraform_data.x[each.key].id
  id = "three"
}
