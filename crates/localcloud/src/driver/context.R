# One execution context of R: as context.py, but what comes is a command's code in hexadecimal digits, a line each, on descriptor 4, and what
# answers goes to descriptor 3: R reads no JSON by itself, and gives its children no other output than its own.

local({
  orders <- file("/dev/fd/4", "r", blocking = TRUE, raw = TRUE)
  answers <- file("/dev/fd/3", "w", raw = TRUE)
  most <- 10000

  text <- function(value) {
    value <- enc2utf8(as.character(value))
    value <- gsub("\\", "\\\\", value, fixed = TRUE)
    value <- gsub("\"", "\\\"", value, fixed = TRUE)
    for (code in 1:31) value <- gsub(intToUtf8(code), sprintf("\\u%04x", code), value, fixed = TRUE)
    paste0("\"", value, "\"")
  }

  object <- function(...) {
    fields <- list(...)
    paste0("{", paste0("\"", names(fields), "\":", unlist(fields), collapse = ","), "}")
  }

  list_of <- function(values) paste0("[", paste(values, collapse = ","), "]")

  # A cell of a table.
  cell <- function(value) {
    if (is.na(value)) return("null")
    if (is.logical(value)) return(tolower(as.character(value)))
    if (is.numeric(value) && !is.factor(value) && is.finite(value)) return(format(unclass(value), digits = 15))
    text(value)
  }

  kind <- function(column) {
    if (is.logical(column)) "\"boolean\"" else if (is.integer(column)) "\"integer\"" else if (is.numeric(column)) "\"double\"" else "\"string\""
  }

  table_of <- function(frame) {
    frame[] <- lapply(frame, function(column) if (is.atomic(column) && !is.object(column)) column else as.character(column))
    shown <- utils::head(frame, most)
    rows <- vapply(seq_len(nrow(shown)), function(row) {
      list_of(vapply(seq_along(shown), function(at) cell(shown[[at]][row]), ""))
    }, "")
    schema <- vapply(seq_along(frame), function(at) {
      object(name = text(names(frame)[at]), type = text(kind(frame[[at]])), metadata = text("{}"))
    }, "")
    object(
      resultType = text("table"), schema = list_of(schema), data = list_of(rows), isJsonSchema = "true",
      truncated = if (nrow(frame) > most) "true" else "false"
    )
  }

  # What a command displayed: a table stands in place of its text.
  shown <- NULL
  display <- function(value) {
    if (is.data.frame(value)) shown <<- value else print(value)
    invisible(NULL)
  }
  # A command that removes all of its names keeps this one.
  attach(list(display = display), name = "databricks", warn.conflicts = FALSE)

  # The results of a command; the value of an expression is shown, as on R's own prompt.
  run <- function(code) {
    shown <<- NULL
    path <- tempfile()
    out <- file(path, "wb")
    sink(out)
    failed <- NULL
    canceled <- FALSE
    tryCatch(
      withCallingHandlers(
        allowInterrupts(for (expression in parse(text = code, keep.source = FALSE, encoding = "UTF-8")) {
          value <- withVisible(eval(expression, globalenv()))
          if (value$visible) print(value$value)
        }),
        message = function(said) {
          cat(conditionMessage(said))
          tryInvokeRestart("muffleMessage")
        },
        warning = function(said) {
          cat("Warning message:\n", conditionMessage(said), "\n", sep = "")
          tryInvokeRestart("muffleWarning")
        }
      ),
      error = function(error) failed <<- error,
      interrupt = function(interrupt) canceled <<- TRUE
    )
    # A command may have made sinks of its own.
    while (sink.number() > 0) sink()
    close(out)
    said <- readChar(path, file.size(path), useBytes = TRUE)
    if (length(said) == 0) said <- ""
    Encoding(said) <- "UTF-8"
    unlink(path)
    if (canceled) return(object(status = text("Cancelled"), results = "null"))
    results <- if (!is.null(failed)) {
      of <- conditionCall(failed)
      # An error of the command's own has no call but ours.
      of <- if (is.null(of) || identical(of, quote(eval(expression, globalenv())))) "" else paste0(" in ", deparse(of)[1])
      summary <- paste0("Error", of, ": ", conditionMessage(failed))
      object(resultType = text("error"), summary = text(summary), cause = text(paste0(said, summary, "\n")))
    } else if (!is.null(shown)) {
      table_of(shown)
    } else {
      object(resultType = text("text"), data = text(said))
    }
    object(status = text("Finished"), results = results)
  }

  suspendInterrupts(repeat {
    line <- readLines(orders, n = 1)
    if (length(line) == 0) break
    at <- seq_len(nchar(line) / 2) * 2 - 1
    code <- if (length(at) == 0) "" else rawToChar(as.raw(strtoi(substring(line, at, at + 1), 16L)))
    Encoding(code) <- "UTF-8"
    # An interruption that came too late for the command before is none of this one.
    tryCatch(allowInterrupts(Sys.sleep(0.001)), interrupt = function(late) NULL)
    writeLines(run(code), answers, useBytes = TRUE)
    flush(answers)
  })
})
