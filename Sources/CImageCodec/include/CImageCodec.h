// CImageCodec
