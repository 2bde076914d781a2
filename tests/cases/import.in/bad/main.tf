resource "terraform_data" "x" {
}

import {
  to = terraform_data.x
  id = ""
}

resource "terraform_data" "y" {
}

import {
  to = terraform_data.y
  id = terraform_data.z.id
}

resource "terraform_data" "z" {
}

resource "terraform_data" "counted" {
  count = 2
}

import {
  to = terraform_data.counted[5]
  id = "five"
}
