using System.Net;
using System.Text;

namespace BestOfN.Gateway.Tests.Rewards;

/// <summary>A server that gives the same answers whatever it is asked, in turn; the last one again and again.</summary>
internal sealed class AnsweringServer(params (int Status, string Body)[] answers) : HttpMessageHandler
{
    private int _next;

    public List<string> Bodies { get; } = [];

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var sent = await request.Content!.ReadAsStringAsync(cancellationToken);
        lock (Bodies)
        {
            Bodies.Add(sent);
            var (status, body) = answers[Math.Min(_next++, answers.Length - 1)];
            return new HttpResponseMessage((HttpStatusCode)status)
            {
                Content = new StringContent(body, Encoding.UTF8, "application/json"), RequestMessage = request,
            };
        }
    }
}
