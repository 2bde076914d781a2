output "published" {
  value = stage.publish.path
}
