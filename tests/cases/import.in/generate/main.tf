import {
  to = terraform_data.new
  id = "abcd"
}
