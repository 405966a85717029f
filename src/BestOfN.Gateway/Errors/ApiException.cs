namespace BestOfN.Gateway.Errors;

/// <summary>The request cannot be served, and the client may know why.</summary>
internal sealed class ApiException : Exception
{
    private ApiException(int statusCode, string message, Exception? innerException = null) : base(message, innerException) => StatusCode = statusCode;

    public int StatusCode { get; }

    /// <summary>Which field of the request, as a path such as <c>messages[0].role</c>.</summary>
    public string? Param { get; private init; }

    public string? Code { get; private init; }

    public static ApiException Invalid(string message, string? param = null, string? code = null) =>
        new(StatusCodes.Status400BadRequest, message) { Param = param, Code = code };

    public static ApiException ModelNotFound(string model) =>
        new(StatusCodes.Status404NotFound, $"The model '{model}' does not exist.") { Param = "model", Code = "model_not_found" };

    public static ApiException TooLarge(long limit) =>
        new(StatusCodes.Status413PayloadTooLarge, $"The request body is larger than {limit} bytes.") { Code = "request_too_large" };

    public static ApiException PartTooLarge(string param, long limit) =>
        new(StatusCodes.Status413PayloadTooLarge, $"'{param}' holds more than {limit} bytes.") { Param = param, Code = "part_too_large" };

    public static ApiException BadKey() =>
        new(StatusCodes.Status401Unauthorized, "A valid API key is needed: Authorization: Bearer KEY.") { Code = "invalid_api_key" };

    public static ApiException NotReady(string name, Exception innerException) =>
        new(StatusCodes.Status503ServiceUnavailable, $"'{name}' could not be opened.", innerException) { Code = "model_not_ready" };
}
