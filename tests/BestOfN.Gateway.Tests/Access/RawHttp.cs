using System.Net.Sockets;
using System.Text;

namespace BestOfN.Gateway.Tests.Access;

/// <summary>Sends bytes as they are, for what no HTTP client would send, and reads the answer until the connection ends.</summary>
internal static class RawHttp
{
    public static Task<string> PostAsync(Uri gateway, string target, string json, string headers = "") =>
        SendAsync(gateway, $"POST {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: "
            + $"application/json\r\n{headers}Content-Length: {Encoding.UTF8.GetByteCount(json)}\r\n\r\n{json}");

    public static async Task<string> SendAsync(Uri gateway, string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(gateway.Host, gateway.Port, TestGateway.Cancellation);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.UTF8.GetBytes(request), TestGateway.Cancellation);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(TestGateway.Cancellation);
    }
}
