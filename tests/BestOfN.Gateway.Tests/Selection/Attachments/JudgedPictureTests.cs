using System.Buffers.Binary;
using System.Net;
using System.Text;
using BestOfN.Gateway.Tests.Sdk;
using BestOfN.Testing.Upstream;

namespace BestOfN.Gateway.Tests.Selection.Attachments;

/// <summary>
/// An upstream makes the candidates, and a judge that sees is in process: a small random one of the InternLM-XComposer2.5 architecture.
/// </summary>
public sealed class JudgedPictureTests
{
    private const string Param = "messages[0].content[1].image_url.url";

    [Theory]
    [InlineData("noise", "not a picture of a known format", false)]
    [InlineData("truncated", "truncated", false)]
    [InlineData("vast", "declares 30000 x 30000 pixels", false)]
    [InlineData("lying", "truncated", false)]
    [InlineData("vast", "declares 30000 x 30000 pixels", true)]
    [InlineData("elsewhere", "The BMP is", false)]
    public async Task A_picture_that_the_judge_cannot_see_costs_no_candidate(string file, string reason, bool streams)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("no", "yes it is");
        await using var gateway = Before(upstream);

        var error = await SendAsync(gateway, Broken(file), streams).ErrorAsync(HttpStatusCode.BadRequest);
        Assert.Equal((Param, "invalid_image"), ((string?)error["param"], (string?)error["code"]));
        Assert.StartsWith($"{Param}: ", (string?)error["message"], StringComparison.Ordinal);
        Assert.Contains(reason, (string?)error["message"], StringComparison.Ordinal);
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task A_picture_that_it_can_see_is_judged_with_the_candidates()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("no", "yes it is");
        await using var gateway = Before(upstream);

        using var response = await SendAsync(gateway, Sound(), streams: false);
        Assert.StartsWith("requested=2; scored=2; ", response.Headers.GetValues("X-Best-Of-N").Single(), StringComparison.Ordinal);
        Assert.Single(upstream.Requests);
    }

    private static SocketGateway Before(OpenAIUpstream upstream) => new(null,
    [
        .. SocketGateway.Before(upstream), ("BestOfN:Models:remote:RewardModel", "eye"),
        ("BestOfN:RewardModels:eye:Path", SeeingModel.RewardFolder),
        ("BestOfN:RewardModels:eye:Dtype", "float32"), ("BestOfN:RewardModels:eye:HdNum", "1"),
    ]);

    private static async Task<HttpResponseMessage> SendAsync(SocketGateway gateway, byte[] picture, bool streams)
    {
        using var http = new HttpClient();
        var json = $$$"""
            {"model":"remote@2","stream":{{{(streams ? "true" : "false")}}},"messages":[{"role":"user","content":[
              {"type":"text","text":"Which?"},
              {"type":"image_url","image_url":{"url":"data:image/png;base64,{{{Convert.ToBase64String(picture)}}}"}}]}]}
            """;
        return await http.PostAsync(
            new Uri($"{gateway.Endpoint}/chat/completions"), new StringContent(json, Encoding.UTF8, "application/json"),
            TestGateway.Cancellation);
    }

    private static byte[] Sound() => SeeingModel.Picture.Content.ToArray();

    private static byte[] Broken(string file) => file switch
    {
        "noise" => "not a picture"u8.ToArray(),
        "truncated" => Sound()[..^100],
        "vast" => Bitmap(30_000, 30_000),
        "elsewhere" => Bitmap(1, 1, pixelsAt: -1),
        _ => Bitmap(1000, 1000),
    };

    /// <summary>A bitmap that has none of the pixels that it declares.</summary>
    /// <param name="pixelsAt">Where the file says that its pixels begin: an unsigned number to a decoder.</param>
    private static byte[] Bitmap(int width, int height, int pixelsAt = 54)
    {
        var file = new byte[54];
        "BM"u8.CopyTo(file);
        foreach (var (offset, value) in ((int, int)[])[(2, 54), (10, pixelsAt), (14, 40), (18, width), (22, height), (26, 1 | (24 << 16))])
        {
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(offset), value);
        }

        return file;
    }
}
