using System.Text;
using BestOfN.Inputs.Records;

namespace BestOfN.Inputs.Tests.Records;

public sealed class DataUriTests
{
    [Theory]
    [InlineData("data:image/png;base64,AQID", "image/png")]
    [InlineData("DATA:video/mp4; codecs=avc1; BASE64,AQ ID", "video/mp4")]
    [InlineData("data:;base64,AQID", "")]
    public void Media_type_and_content_are_read(string address, string mediaType)
    {
        Assert.True(DataUri.TryParse(Encoding.UTF8.GetBytes(address), out var uri));
        Assert.Equal(mediaType, uri.MediaType);
        Assert.True(uri.TryDecode(out var content));
        Assert.Equal([1, 2, 3], content.ToArray());
        Assert.False(uri.IsLargerThan(3));
        Assert.True(uri.IsLargerThan(0));
    }

    [Theory]
    [InlineData("https://a.example/b;base64,AQID")]
    [InlineData("data:image/png,AQID")]
    [InlineData("data:image/png;base64")]
    [InlineData("data")]
    [InlineData("")]
    public void Other_addresses_are_none(string address) => Assert.False(DataUri.TryParse(Encoding.UTF8.GetBytes(address), out _));

    [Theory]
    [InlineData("AQI")]
    [InlineData("AQ*D")]
    public void Base64_that_is_broken_is_not_decoded(string base64)
    {
        Assert.True(DataUri.TryParse(Encoding.UTF8.GetBytes("data:image/png;base64," + base64), out var uri));
        Assert.False(uri.TryDecode(out _));
    }
}
