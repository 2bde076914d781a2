variable "title" {
  type    = string
  default = "Release notes"
}
