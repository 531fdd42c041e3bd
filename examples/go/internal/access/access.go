// Package access makes credentials of flags.
package access

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"os"

	"google.golang.org/grpc/credentials"
)

// Flags are those that say how to reach a sidecar.
type Flags struct {
	Target, ClientID, TokenFile      string
	ca, certificate, key, serverName string
}

// Define adds them to the command line's.
func (f *Flags) Define(clientID string) {
	flag.StringVar(&f.Target, "target", "127.0.0.1:50051", "host:port or unix:/path")
	flag.StringVar(&f.ClientID, "client-id", clientID, "this orchestrator's name")
	flag.StringVar(&f.ca, "tls-ca", "", "PEM: whom to trust")
	flag.StringVar(&f.certificate, "tls-certificate", "", "PEM: what to show")
	flag.StringVar(&f.key, "tls-key", "", "PEM: its key")
	flag.StringVar(&f.serverName, "tls-server-name", "", "what the sidecar's certificate is for")
	flag.StringVar(&f.TokenFile, "token-file", "", "its first token is shown with each call")
}

// Credentials are TLS where a CA or a certificate is given, else nil.
func (f *Flags) Credentials() (credentials.TransportCredentials, error) {
	if f.ca == "" && f.certificate == "" {
		return nil, nil
	}
	config := &tls.Config{ServerName: f.serverName, MinVersion: tls.VersionTLS12}
	if f.ca != "" {
		pem, err := os.ReadFile(f.ca)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("no certificate in %s", f.ca)
		}
	}
	if f.certificate != "" {
		pair, err := tls.LoadX509KeyPair(f.certificate, f.key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return credentials.NewTLS(config), nil
}
