# Answers for an unattended run: weir apply -auto-approve -answers=review.answers.hcl
# The checksum is that of the draft with the default title.

gate "review" {
  reviewer = "continuous integration"
  sha256   = "897d4b88a1ea1aa99316ddfb5e63eaf568a66a1cec180ee6e9244e6a7ff1f33e"
}
