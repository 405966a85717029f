using BestOfN.Core.Failures;

namespace BestOfN.Gateway.Errors;

/// <summary>The request cannot be served, and the client may know why.</summary>
internal sealed class ApiException : Exception
{
    private const int MaxMessage = 1000;
    private const int MaxName = 200;

    private readonly string? _param;

    private ApiException(int statusCode, string message)
        : base(Cut(message, MaxMessage)) => StatusCode = statusCode;

    public int StatusCode { get; }

    /// <summary>Which field of the request, as a path such as <c>messages[0].role</c>.</summary>
    public string? Param
    {
        get => _param;
        private init => _param = value is null ? null : Cut(value, MaxName);
    }

    public string? Code { get; private init; }

    /// <summary>When the client may try again; null: it need not.</summary>
    public TimeSpan? RetryAfter { get; private init; }

    public static ApiException Invalid(string message, string? param = null, string? code = null) =>
        new(StatusCodes.Status400BadRequest, message) { Param = param, Code = code };

    public static ApiException ModelNotFound(string model) =>
        new(StatusCodes.Status404NotFound, $"The model '{Cut(model, MaxName)}' does not exist.")
        {
            Param = "model",
            Code = "model_not_found",
        };

    public static ApiException RewardModelNotFound(string model, IEnumerable<string> known) =>
        new(StatusCodes.Status404NotFound, $"There is no reward model '{Cut(model, MaxName)}'. Known are: {string.Join(", ", known)}.")
        {
            Param = "model", Code = "model_not_found",
        };

    /// <summary>A reward model gave no usable score, or a request waited in vain for it.</summary>
    public static ApiException NotScored(int statusCode, Failure failure) =>
        new(statusCode, failure.Message)
        {
            Param = failure.Part?.Source ?? failure.Param, Code = failure.Code ?? "scoring_failed", RetryAfter = failure.RetryAfter,
        };

    public static ApiException NoTurn(TimeSpan retryAfter) =>
        new(StatusCodes.Status503ServiceUnavailable, "Too many requests wait for the reward model.")
        {
            Code = "overloaded", RetryAfter = retryAfter,
        };

    public static ApiException TooLarge(long limit) =>
        new(StatusCodes.Status413PayloadTooLarge, $"The request body is larger than {limit} bytes.") { Code = "request_too_large" };

    public static ApiException PartTooLarge(string param, long limit) =>
        new(StatusCodes.Status413PayloadTooLarge, $"'{param}' holds more than {limit} bytes.") { Param = param, Code = "part_too_large" };

    public static ApiException BadKey() =>
        new(StatusCodes.Status401Unauthorized, "A valid API key is needed: Authorization: Bearer KEY.") { Code = "invalid_api_key" };

    public static ApiException OperatorOnly() =>
        new(StatusCodes.Status403Forbidden, "The traffic of all clients is for operators: a key of BESTOFN_OPERATOR_KEYS is needed.")
        {
            Code = "operator_only",
        };

    public static ApiException NotReady(string name) =>
        new(StatusCodes.Status503ServiceUnavailable, $"'{name}' could not be opened.") { Code = "model_not_ready" };

    public static ApiException UnsupportedMediaType(string message) =>
        new(StatusCodes.Status415UnsupportedMediaType, message) { Code = "unsupported_media_type" };

    public static ApiException TooSlow() =>
        new(StatusCodes.Status408RequestTimeout, "The request body did not arrive in time.") { Code = "request_timeout" };

    public static ApiException TooManyValues(int limit) =>
        new(StatusCodes.Status413PayloadTooLarge, $"The request body holds more than {limit} JSON values.") { Code = "request_too_large" };

    public static ApiException TooManyRequests(string message, TimeSpan retryAfter) =>
        new(StatusCodes.Status429TooManyRequests, message) { Code = "rate_limit_exceeded", RetryAfter = retryAfter };

    public static ApiException Overloaded(TimeSpan retryAfter) =>
        new(StatusCodes.Status503ServiceUnavailable, "There is no memory for another request of this size now.")
        {
            Code = "overloaded",
            RetryAfter = retryAfter,
        };

    public static ApiException ShuttingDown(TimeSpan retryAfter) =>
        new(StatusCodes.Status503ServiceUnavailable, "The gateway is shutting down.") { Code = "shutting_down", RetryAfter = retryAfter };

    // What a client wrote is repeated in errors, but not at any length; a half of a surrogate pair would be no text.
    private static string Cut(string text, int length) =>
        text.Length <= length ? text : string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[length - 1]) ? length - 1 : length), "…");
}
