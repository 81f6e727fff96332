# One R process for all races: reads a command a line, answers a line.
#
#   data FOLDER          read X and y                          -> ok
#   path FOLDER THRESH   a path without an intercept           -> ok
#   cv FOLDER THRESH     cross-validation with an intercept    -> ok
#   run FILE             run it once, write its numbers        -> ok
#   time REPEATS         run it REPEATS times                  -> ok SECONDS for one run
#
# Numbers are files of doubles and integers in the byte order of the machine. What goes
# wrong is answered by "error" and the message.

answer <- function(...) {
  cat(..., "\n")
  flush(stdout())
}

doubles <- function(folder, name) {
  path <- file.path(folder, name)
  readBin(path, "double", file.size(path) / 8)
}

integers <- function(folder, name) {
  path <- file.path(folder, name)
  readBin(path, "integer", file.size(path) / 4)
}

read_data <- function(folder) {
  shape <- integers(folder, "shape")
  y <<- doubles(folder, "y")
  if (file.exists(file.path(folder, "indptr"))) {
    X <<- new("dgCMatrix", x = doubles(folder, "X"), i = integers(folder, "indices"),
              p = integers(folder, "indptr"), Dim = shape)
  } else {
    X <<- matrix(doubles(folder, "X"), shape[1], shape[2])
  }
}

whole <- function(fit, alphas) {
  if (length(fit$lambda) != length(alphas)) stop("the path ended early: ", fit$jerr)
  fit
}

path_job <- function(folder, thresh) {
  alphas <- doubles(folder, "alphas")
  function() {
    fit <- glmnet(X, y, lambda = alphas, intercept = FALSE, standardize = FALSE,
                  thresh = thresh, maxit = MAXIT)
    whole(fit, alphas)$beta
  }
}

# the best alpha, its intercept and coefficients, and the mean held-out errors
cv_job <- function(folder, thresh) {
  alphas <- doubles(folder, "alphas")
  folds <- integers(folder, "folds")
  function() {
    cv <- cv.glmnet(X, y, lambda = alphas, foldid = folds, standardize = FALSE,
                    thresh = thresh, maxit = MAXIT)
    fit <- whole(cv$glmnet.fit, alphas)
    best <- which.min(cv$cvm)
    c(alphas[best], fit$a0[best], fit$beta[, best], cv$cvm)
  }
}

seconds_of <- function(repeats) {
  gc()
  start <- Sys.time()
  for (k in seq_len(repeats)) job()
  as.numeric(difftime(Sys.time(), start, units = "secs")) / repeats
}

obey <- function(words) {
  switch(words[1],
    data = read_data(words[2]),
    path = job <<- path_job(words[2], as.numeric(words[3])),
    cv = job <<- cv_job(words[2], as.numeric(words[3])),
    run = writeBin(as.vector(as.matrix(job())), words[2]),
    time = return(answer("ok", format(seconds_of(as.integer(words[2])), digits = 9))),
    stop("no command ", words[1])
  )
  answer("ok")
}

fail <- function(e) answer("error", gsub("\\s+", " ", conditionMessage(e)))

MAXIT <- 1000000000L
commands <- file("stdin", "r")
tryCatch({
  suppressPackageStartupMessages({
    library(Matrix)
    library(glmnet)
  })
  glmnet.control(fdev = 0, devmax = 1) # the whole path, however good it already is
  answer("ok", as.character(packageVersion("glmnet")))
}, error = fail)
while (length(line <- readLines(commands, 1)) > 0) {
  tryCatch(obey(strsplit(line, "\t")[[1]]), error = fail)
}
