using System.Globalization;
using System.Text.Json;

namespace BestOfN.Inputs.Videos;

/// <summary>What the container says about its first video stream, and how many packets were found in it.</summary>
internal sealed record VideoStream(int Width, int Height, double FramesPerSecond, int? DeclaredFrames, int Packets)
{
    /// <param name="probed">What ffprobe wrote as JSON about a file: its content comes from the file.</param>
    /// <exception cref="VideoException">There is no video stream in it, or it does not tell its size.</exception>
    public static VideoStream Read(ReadOnlyMemory<byte> probed)
    {
        try
        {
            using var document = JsonDocument.Parse(probed);
            return document.RootElement.TryGetProperty("streams", out var streams) && streams.GetArrayLength() > 0 ? Read(streams[0])
                : throw new VideoException("The file has no video stream.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new VideoException("The video could not be opened: what it says about itself cannot be read.", e);
        }
    }

    private static VideoStream Read(JsonElement stream)
    {
        var rate = stream.TryGetProperty("avg_frame_rate", out var text) ? (text.GetString() ?? "").Split('/') : [];
        var framesPerSecond = rate.Length == 2
            && double.TryParse(rate[0], NumberStyles.Float, CultureInfo.InvariantCulture, out var frames)
            && double.TryParse(rate[1], NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds > 0
            ? frames / seconds
            : 0;
        return new(
            Size("width"), Size("height"), framesPerSecond, Count("nb_frames"), Count("nb_read_frames") ?? Count("nb_read_packets") ?? 0);

        int Size(string name) => stream.TryGetProperty(name, out var value) && value.TryGetInt32(out var size) && size > 0
            ? size
            : throw new VideoException("The video could not be opened: it does not tell its size.");

        int? Count(string name) => stream.TryGetProperty(name, out var value)
            && int.TryParse(value.GetString(), CultureInfo.InvariantCulture, out var count) ? count : null;
    }
}
