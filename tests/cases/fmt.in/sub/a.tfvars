region="eu"
