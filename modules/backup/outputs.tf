output "bucket" {
  value       = aws_s3_bucket.this.bucket
  description = "Name of the snapshot bucket. Snapshots belong under snapshots/."
}

output "bucket_arn" {
  value       = aws_s3_bucket.this.arn
  description = "ARN of the snapshot bucket."
}

output "kms_key_arn" {
  value       = aws_kms_key.this.arn
  description = "ARN of the key that encrypts the snapshots."
}
