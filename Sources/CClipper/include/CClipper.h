// CClipper
