// CInference
