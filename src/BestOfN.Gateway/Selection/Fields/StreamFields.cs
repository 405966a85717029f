using BestOfN.Gateway.Errors;

namespace BestOfN.Gateway.Selection.Fields;

/// <summary>Whether the answer comes as server-sent events.</summary>
/// <param name="Stream">It does.</param>
/// <param name="IncludeUsage">With a chunk for the usage.</param>
internal sealed record StreamFields(bool Stream, bool IncludeUsage)
{
    public static StreamFields Read(RequestObject request)
    {
        var stream = request.Boolean("stream") ?? false;
        var options = request.Child("stream_options");
        if (options is not null && !stream)
        {
            throw ApiException.Invalid("'stream_options' is only allowed with 'stream': true.", "stream_options");
        }

        return new(stream, options?.Boolean("include_usage") ?? false);
    }
}
