namespace BestOfN.Gateway.Errors;

/// <summary>
/// The shape in which the clients of a protocol other than OpenAI's are told of errors: metadata of an endpoint, or a feature of a
/// request.
/// </summary>
internal interface IErrorShape
{
    /// <summary>Writes an error.</summary>
    /// <param name="description">The error in OpenAI's words.</param>
    /// <returns>The status of this protocol and the JSON of the body; a body may be empty.</returns>
    (int StatusCode, ReadOnlyMemory<byte> Body) Write(ErrorDescription description);
}
