stage "bd" {
  confirm = true
}
stage "net" {
  confirm = true
}
stage "db" {
  confrm = true
}
confirm = true
