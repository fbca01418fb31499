// COpenCV
